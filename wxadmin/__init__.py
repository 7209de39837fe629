"""A gateway and dashboard for WeChat web authorization."""

__version__ = "0.1.0"
