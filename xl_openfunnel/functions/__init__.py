"""The OF_ functions, as every host shows them: no host, no network and no clock of their own."""
