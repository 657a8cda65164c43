"""Addresses for the camera of a phone."""

import segno


def picture(address: str) -> str:
    """For the `src` of an image. White with a quiet zone in dark mode too: cameras look for dark on light."""
    return segno.make(address, error="m", micro=False).svg_data_uri(scale=1, border=4, light="#fff", omitsize=True)
