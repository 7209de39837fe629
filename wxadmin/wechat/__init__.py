"""WeChat as the gateway sees it: the four calls, what they answer, and what its errcodes mean."""
