"""Figures: matplotlib without pyplot, slices of the brain, SVG."""
