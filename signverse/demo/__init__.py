"""A small real corpus on a loopback site: free recordings of people, good and bad videos."""
