"""From targets to pages: when a target is due, the request, the response, the errors."""
