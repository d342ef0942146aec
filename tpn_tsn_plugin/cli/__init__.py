"""The command ``tpn-tsn``: parse, call, print; the work is done by lower folders."""
