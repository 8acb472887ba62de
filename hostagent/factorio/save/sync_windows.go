package save

// syncFolderOf does nothing: Windows has no sync of a folder, its file systems log renames.
func syncFolderOf(string) {}
