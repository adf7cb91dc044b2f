"""Found by way of a line in `workspace.pth`."""
