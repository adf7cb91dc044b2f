-- Speclens for Neovim 0.11 and later.
return {
  cmd = { 'speclens', 'server' },
  filetypes = { 'python', 'toml' }, -- speclens.toml and pyproject.toml; it is silent about others
  root_markers = { 'speclens.toml', 'pyproject.toml', 'setup.py', 'setup.cfg', 'requirements.txt', '.venv', '.git' },
}
