"""What runs say: tables, intervals, effects, tipping points, sensitivity."""
