-- Speclens for Neovim 0.11 and later.
return {
  cmd = { 'speclens', 'server' },
  filetypes = { 'python' },
  root_markers = { 'pyproject.toml', 'setup.py', 'setup.cfg', 'requirements.txt', '.venv', '.git' },
}
