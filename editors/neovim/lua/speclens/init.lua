-- Speclens in Neovim: starts the server, and shows what the program says.
local M = {}

-- `vim.lsp.config` and `vim.lsp.enable` came together, in 0.11.
local has_enable = vim.lsp.enable ~= nil
local options = {}

-- The configuration that `vim.lsp.config` finds by itself since 0.11.
local function defaults()
  local this = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p')
  return dofile(vim.fn.fnamemodify(this, ':h:h:h') .. '/lsp/speclens.lua')
end

-- The configuration as the user has it.
function M.config()
  local known = has_enable and vim.lsp.config.speclens
  return known or vim.tbl_deep_extend('force', defaults(), options)
end

-- Where a buffer's file lies.
local function directory(buffer)
  local name = vim.bo[buffer].buftype == '' and vim.api.nvim_buf_get_name(buffer) or ''
  return name ~= '' and vim.fn.fnamemodify(name, ':p:h') or vim.fn.getcwd()
end

-- The directory that `root_markers` ask for: of two, the first in the list wins. 0.7 has no `vim.fs`.
local function root(buffer, markers)
  for _, marker in ipairs(markers or {}) do
    local path, below = directory(buffer), nil
    while path ~= below do
      if vim.loop.fs_stat(path .. '/' .. marker) then
        return path
      end
      path, below = vim.fn.fnamemodify(path, ':h'), path
    end
  end
end

-- By root, for 0.7.
local started = {}

-- Starts a server for a buffer, or attaches the one that has its root. `vim.lsp.start` came in 0.8.
local function start_or_attach(config, buffer)
  if vim.lsp.start then
    return vim.lsp.start(config, { bufnr = buffer })
  end
  local place = config.root_dir or ''
  if not started[place] or vim.lsp.client_is_stopped(started[place]) then
    started[place] = vim.lsp.start_client(config)
  end
  vim.lsp.buf_attach_client(buffer, started[place])
  return started[place]
end

-- Starts the server for a buffer. For Neovim without `vim.lsp.enable`.
function M.start(buffer)
  local config = vim.tbl_extend('keep', { name = 'speclens' }, M.config())
  config.root_dir = type(config.root_dir) == 'string' and config.root_dir or root(buffer, config.root_markers)
  return start_or_attach(config, buffer)
end

-- `user`: what `vim.lsp.config` takes, for example `cmd` and `settings`.
function M.setup(user)
  options = user or {}
  if has_enable then
    vim.lsp.config('speclens', options)
    vim.lsp.enable('speclens')
    return
  end
  local filetypes = M.config().filetypes
  vim.api.nvim_create_autocmd('FileType', {
    group = vim.api.nvim_create_augroup('speclens', { clear = true }),
    pattern = filetypes,
    callback = function(event)
      M.start(event.buf)
    end,
  })
  -- Where the plugin is loaded for a file type, the first buffer of it is there already.
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buffer) and vim.tbl_contains(filetypes, vim.bo[buffer].filetype) then
      M.start(buffer)
    end
  end
end

-- The running servers; of one buffer, if it is given.
function M.clients(buffer)
  -- 0.7 knows no filter.
  local list = vim.lsp.get_clients or vim.lsp.get_active_clients
  return vim.tbl_filter(function(client)
    return client.name == 'speclens' and (not buffer or vim.lsp.buf_is_attached(buffer, client.id))
  end, list())
end

-- The program, as the configuration names it.
function M.program()
  local cmd = M.config().cmd
  return type(cmd) == 'table' and cmd[1] or 'speclens'
end

-- What the editor's settings say of the environment, as options of the command line.
local function environment(config)
  local settings = (config.settings or {}).speclens or config.init_options or {}
  local given = settings.environment or {}
  local arguments = {}
  local function add(flag, value)
    vim.list_extend(arguments, value and { flag, value } or {})
  end
  add('--python', given.python or settings.interpreter)
  add('--python-version', given['python-version'])
  for _, path in ipairs(given['extra-paths'] or settings.extraPaths or {}) do
    add('--extra-path', path)
  end
  if given.isolated == true then
    table.insert(arguments, '--isolated')
  end
  return arguments
end

-- Runs the program where the server of the current buffer has its root, else where the file lies, and calls `done` with what it wrote and its exit code.
function M.run(arguments, done)
  local buffer = vim.api.nvim_get_current_buf()
  local client = M.clients(buffer)[1] or M.clients()[1]
  local config = client and client.config or M.config()
  local command = { M.program() }
  vim.list_extend(command, arguments)
  vim.list_extend(command, environment(config))
  if vim.fn.executable(command[1]) == 0 then
    return vim.notify(('speclens: %s cannot be run; see :checkhealth speclens'):format(command[1]), vim.log.levels.ERROR)
  end
  local out, err = {}, {}
  vim.fn.jobstart(command, {
    cwd = client and client.config.root_dir or root(buffer, config.root_markers) or directory(buffer),
    stdout_buffered = true,
    stderr_buffered = true,
    on_stdout = function(_, lines)
      out = lines
    end,
    on_stderr = function(_, lines)
      err = lines
    end,
    on_exit = function(_, code)
      done(out, err, code)
    end,
  })
end

-- A window below with text that nobody edits; asked again, the same window.
local function show(name, lines)
  local buffer = vim.fn.bufnr('^' .. vim.fn.escape(name, '[]*?{}\\') .. '$')
  local window = buffer ~= -1 and vim.fn.bufwinid(buffer) or -1
  if window ~= -1 then
    vim.api.nvim_set_current_win(window)
  else
    vim.cmd('botright new')
    buffer = vim.api.nvim_get_current_buf()
    vim.bo[buffer].buftype = 'nofile'
    vim.bo[buffer].bufhidden = 'wipe'
    vim.bo[buffer].swapfile = false
    vim.api.nvim_buf_set_name(buffer, name)
    vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buffer, desc = 'Close' })
  end
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].filetype = 'speclens'
end

local function ask(arguments)
  M.run(arguments, function(out, err)
    local lines = table.concat(out) ~= '' and out or err
    while #lines > 1 and lines[#lines] == '' do
      table.remove(lines)
    end
    show('speclens://' .. table.concat(arguments, ' '), lines)
  end)
end

-- The dotted name under the cursor.
local function module_under_cursor()
  local line = vim.api.nvim_get_current_line()
  local column = vim.api.nvim_win_get_cursor(0)[2] + 1
  local start = 1
  while true do
    local first, last = line:find('[%w_][%w_.]*', start)
    if not first or first > column then
      return nil
    elseif column <= last then
      return (line:sub(first, last):gsub('%.+$', ''))
    end
    start = last + 1
  end
end

-- Stops a server and starts it again for the buffers that it had.
local function restart(client)
  local config = client.config
  local buffers = vim.tbl_filter(function(buffer)
    return vim.lsp.buf_is_attached(buffer, client.id)
  end, vim.api.nvim_list_bufs())
  local is_stopped = function()
    return vim.lsp.get_client_by_id(client.id) == nil
  end
  vim.lsp.stop_client(client.id)
  if not vim.wait(3000, is_stopped, 10) then
    vim.lsp.stop_client(client.id, true)
    vim.wait(1000, is_stopped, 10)
  end
  for _, buffer in ipairs(buffers) do
    start_or_attach(config, buffer)
  end
end

local commands = {
  env = function()
    ask({ 'env' })
  end,
  explain = function(arguments)
    local module = arguments[1] or module_under_cursor()
    if not module then
      return vim.notify('speclens: which module? :Speclens explain NAME', vim.log.levels.ERROR)
    end
    ask(vim.list_extend({ 'explain', module }, vim.list_slice(arguments, 2)))
  end,
  restart = function()
    local clients = M.clients()
    if #clients > 0 then
      return vim.tbl_map(restart, clients)
    end
    -- None came up, or it is gone.
    if has_enable then
      vim.lsp.enable('speclens')
    else
      M.start(vim.api.nvim_get_current_buf())
    end
  end,
}

function M.command(words)
  local command = commands[words[1]]
  if not command then
    return vim.notify('speclens: the commands are env, explain and restart', vim.log.levels.ERROR)
  end
  command(vim.list_slice(words, 2))
end

function M.complete(typed, line)
  if not line:match('^%s*%S+%s+%S*$') then
    return {}
  end
  return vim.tbl_filter(function(name)
    return vim.startswith(name, typed)
  end, { 'env', 'explain', 'restart' })
end

return M
