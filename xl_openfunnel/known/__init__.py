"""Known companies: keys from sheets and CRM exports, and how surely a company is one of them."""
