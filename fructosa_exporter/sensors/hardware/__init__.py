"""Boards, chips and their sensors: temperatures, energy, memory errors."""
