"""The queue between scraping and destinations, in memory and on disk."""
