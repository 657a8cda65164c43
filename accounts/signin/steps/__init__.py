"""What a page shows and takes for one way to prove who somebody is, half-way through a sign-in
and again in the settings."""
