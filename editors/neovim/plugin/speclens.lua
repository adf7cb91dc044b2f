-- The command `:Speclens`. The server itself starts by `vim.lsp.enable('speclens')` or `require('speclens').setup()`.
if vim.g.loaded_speclens then
  return
end
vim.g.loaded_speclens = 1

vim.api.nvim_create_user_command('Speclens', function(command)
  require('speclens').command(command.fargs)
end, {
  nargs = '+',
  complete = function(typed, line)
    return require('speclens').complete(typed, line)
  end,
  desc = 'Speclens: env, explain, restart',
})
