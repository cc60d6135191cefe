"""What nobody can be faster than: the finished answer from one statement, its bytes sent on."""
