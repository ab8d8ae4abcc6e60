"""lagent on the nodes: started, stopped and asked for its status, over ssh."""
