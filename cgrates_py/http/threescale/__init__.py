"""The Service Management API of 3scale: authorize, authrep and report, over the same raters as telephony."""
