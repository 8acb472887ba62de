package names

import "golang.org/x/sys/windows"

// lower lets a process wait for all others. It is only slower to others if that fails.
func lower(pid int) {
	handle, err := windows.OpenProcess(windows.PROCESS_SET_INFORMATION, false, uint32(pid))
	if err != nil {
		return
	}
	defer windows.CloseHandle(handle)
	_ = windows.SetPriorityClass(handle, windows.IDLE_PRIORITY_CLASS)
}
