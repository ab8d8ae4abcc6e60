"""What every request to lmaster passes: who may ask under which name, and how answers are sent."""
