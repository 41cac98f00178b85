"""The developer portal: applications, APIs, teams, guides, and the playground."""
