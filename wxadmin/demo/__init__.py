"""What `wxadmin demo` adds to the gateway: a shop that uses it as any site would."""
