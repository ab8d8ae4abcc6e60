"""Alerts and recording rules, and what is generated from them."""
