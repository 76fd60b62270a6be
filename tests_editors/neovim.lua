-- Run by test_neovim.py: asks what a person asks, and writes the answers as JSON.
local answers = {}
local function wait(what, test)
  answers[what] = vim.wait(30000, test, 50)
end
local function ask(method, params)
  local found = vim.lsp.buf_request_sync(0, method, params, 30000) or {}
  for _, each in pairs(found) do
    return each.result
  end
end
local function at(line, column)
  vim.api.nvim_win_set_cursor(0, { line, column })
  return vim.lsp.util.make_position_params()
end

wait("diagnostics", function() return #vim.diagnostic.get(0) == 1 end)
answers.said = vim.tbl_map(function(each) return each.message end, vim.diagnostic.get(0))
local fix = vim.lsp.util.make_range_params()
fix.context = { diagnostics = {} }
fix.range = { start = { line = 0, character = 0 }, ["end"] = { line = 20, character = 0 } }
local action = ask("textDocument/codeAction", fix)[1]
answers.action = action.title
vim.lsp.util.apply_workspace_edit(action.edit, "utf-16")
wait("mended", function() return #vim.diagnostic.get(0) == 0 end)
answers.hover = ask("textDocument/hover", at(7, 18)).contents.value
local there = ask("textDocument/definition", at(7, 18))
answers.definition = there.range.start.line
local rename = at(7, 18)
rename.newName = "residual"
vim.lsp.util.apply_workspace_edit(ask("textDocument/rename", rename), "utf-16")
wait("renamed", function() return vim.api.nvim_buf_get_lines(0, 0, 1, false)[1]:find("residual") ~= nil end)
vim.api.nvim_buf_set_lines(0, 5, 6, false, { "    image   =   input(3,8,8)" })
vim.lsp.buf.formatting_sync(nil, 30000)
answers.text = vim.api.nvim_buf_get_lines(0, 0, -1, false)
local file = io.open(vim.env.ANSWERS, "w")
file:write(vim.json.encode(answers))
file:close()
vim.cmd("qall!")
