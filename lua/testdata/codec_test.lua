local g = dofile("testdata/game.lua")
g.load("1")
local codec = require("mainbus/codec")

g.equal(codec.crc(""), "00000000")
g.equal(codec.crc("123456789"), "cbf43926", "the check value of CRC-32")
g.equal(codec.count(123456789012345678), "123456789012345680", "counts above 14 digits")
g.equal(codec.count(2 ^ 53), "9007199254740992")

g.equal(codec.encode("iron-plate/normal=1/2/3"), "riron-plate/normal=1/2/3")
g.equal(codec.encode(""), "r")
g.equal(codec.encode("two words"):sub(1, 1), "z", "blanks need compression")
g.equal(codec.encode(("a"):rep(300)):sub(1, 1), "z", "long texts are compressed")
for _, text in ipairs({ "", "plain", "two words", ("x"):rep(5000), "line\nbreak" }) do
  g.equal(codec.decode(codec.encode(text)), text)
end
g.equal(codec.decode("q"), nil, "unknown encoding")
g.equal(codec.decode(""), nil, "no encoding")

for _, name in ipairs({ "iron-plate", "my_mod item", "a/b=c+d", "\195\164\0" }) do
  local key = codec.key(name, "rare")
  assert(not key:find("[^A-Za-z0-9/_-]"), key)
  local got, quality = codec.item(key)
  g.equal(got, name)
  g.equal(quality, "rare")
end
