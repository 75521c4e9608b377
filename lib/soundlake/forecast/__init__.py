"""Forecasts of charts, judged before they are published."""
