package install

const executable = "factorio.exe"
