-- `:checkhealth speclens`
local M = {}

-- The names of 0.7 to 0.9.
local health = vim.health or require('health')
local start = health.start or health.report_start
local ok = health.ok or health.report_ok
local warn = health.warn or health.report_warn
local problem = health.error or health.report_error

local function check_editor()
  if vim.lsp.enable then
    ok('Neovim has vim.lsp.config and vim.lsp.enable')
  elseif vim.fn.has('nvim-0.7') == 1 then
    ok("Neovim is older than 0.11: the server starts by require('speclens').setup()")
  else
    problem('Neovim 0.7 or later is needed')
  end
end

local function check_program(program)
  if vim.fn.executable(program) == 0 then
    problem(('%s cannot be run'):format(program), {
      'Install Speclens, and see that it is on PATH',
      "Or name it: vim.lsp.config('speclens', { cmd = { '/path/to/speclens', 'server' } })",
    })
    return false
  end
  local version = vim.trim(vim.fn.system({ program, '--version' }))
  if vim.v.shell_error ~= 0 then
    problem(('%s --version fails: %s'):format(program, version))
    return false
  end
  ok(('%s is %s'):format(vim.fn.exepath(program), version))
  return true
end

-- What `speclens env` says, which is what the server goes by.
local function check_environment()
  local answer
  require('speclens').run({ 'env', '--format', 'json' }, function(out, err, code)
    answer = { out = table.concat(out, '\n'), err = table.concat(err, '\n'), code = code }
  end)
  if not vim.wait(20000, function()
    return answer ~= nil
  end, 10) then
    return problem('speclens env does not end')
  end
  local parsed, environment = pcall(vim.json.decode, answer.out)
  if not parsed then
    return problem('speclens env fails: ' .. vim.trim(answer.err))
  end
  local interpreter = environment.interpreter
  if type(interpreter) == 'table' and type(interpreter.executable) == 'string' then
    ok(('%s %s, %s (%s)'):format(interpreter.implementation, interpreter.version, interpreter.executable, interpreter.found))
  else
    warn('No Python was found: a built-in account of the standard library stands in', {
      "Make a .venv in the workspace, or set environment.python; see :help speclens-settings",
    })
  end
end

local function check_clients()
  local clients = require('speclens').clients()
  if #clients == 0 then
    return warn('The server is not running', {
      'Open a Python file',
      "Put vim.lsp.enable('speclens') (0.11) or require('speclens').setup() (before) into init.lua",
    })
  end
  for _, client in ipairs(clients) do
    local count = 0
    for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
      count = count + (vim.lsp.buf_is_attached(buffer, client.id) and 1 or 0)
    end
    ok(('The server runs; root: %s; buffers: %d'):format(client.config.root_dir or 'none', count))
  end
end

function M.check()
  start('speclens')
  check_editor()
  if check_program(require('speclens').program()) then
    check_environment()
    check_clients()
  end
end

return M
