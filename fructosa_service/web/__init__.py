"""What both HTTP servers share: TLS, users, secrets, the [web] section."""
