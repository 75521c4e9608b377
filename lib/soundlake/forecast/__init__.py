"""Forecasts of charts, evaluated before they are published."""
