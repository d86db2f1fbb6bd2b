"""A web page that needs nothing else: what is handed in with a review, or kept by a library."""

from __future__ import annotations

from html import escape

import mlm

STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}"
    "table{border-collapse:collapse;display:block;overflow-x:auto}"
    "th,td{padding:.2rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid #8888}"
    "code{font-family:ui-monospace,monospace;white-space:nowrap}"
    ".differs{font-weight:bold;color:light-dark(#a00,#f88)}"
)


def page(title: str, body: str, style: str = "") -> str:
    """Return the page.

    Parameters
    ----------
    title : str
        Its title and first heading, as plain text.
    body : str
        What stands below, as HTML.
    style : str
        Rules that come after the common ones.
    """
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}{style}</style></head>'
        f"<body><h1>{escape(title)}</h1>{body}"
        f"<p><small>multilevel-replications {mlm.__version__}</small></p></body></html>\n"
    )
