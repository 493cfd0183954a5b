"""Who a mail comes from, and who may say so."""
