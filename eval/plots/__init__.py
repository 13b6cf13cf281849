"""Draw measures as SVG."""
