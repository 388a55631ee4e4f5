"""Does the OpenGL that Crossgap would choose start here? Exit code 0 or 1; prints the packages for it.

For `setup.sh`, before anything is installed: only the standard library. Starts EGL the way MuJoCo does.
"""

import ctypes
import ctypes.util
import runpy
import sys
from ctypes import POINTER, byref, c_char_p, c_int, c_uint, c_void_p
from pathlib import Path

EGL_PLATFORM_DEVICE_EXT = 0x313F
OSMESA_RGBA = 0x1908


def egl_starts() -> bool:
    if not (ctypes.util.find_library("OpenGL") or ctypes.util.find_library("GL")):
        return False  # PyOpenGL needs one of them beside EGL
    egl = ctypes.CDLL(ctypes.util.find_library("EGL"))
    egl.eglGetProcAddress.restype, egl.eglGetProcAddress.argtypes = c_void_p, [c_char_p]
    egl.eglInitialize.argtypes = [c_void_p, c_void_p, c_void_p]
    query_devices = ctypes.CFUNCTYPE(c_uint, c_int, POINTER(c_void_p), POINTER(c_int))(
        egl.eglGetProcAddress(b"eglQueryDevicesEXT")
    )
    get_display = ctypes.CFUNCTYPE(c_void_p, c_uint, c_void_p, c_void_p)(
        egl.eglGetProcAddress(b"eglGetPlatformDisplayEXT")
    )
    devices, count = (c_void_p * 16)(), c_int(0)
    if not query_devices(16, devices, byref(count)):
        return False
    displays = (get_display(EGL_PLATFORM_DEVICE_EXT, device, None) for device in devices[: count.value])
    return any(display and egl.eglInitialize(display, None, None) for display in displays)


def osmesa_starts() -> bool:
    osmesa = ctypes.CDLL(ctypes.util.find_library("OSMesa"))
    osmesa.OSMesaCreateContext.restype, osmesa.OSMesaCreateContext.argtypes = c_void_p, [c_uint, c_void_p]
    return bool(osmesa.OSMesaCreateContext(OSMESA_RGBA, None))


def main() -> int:
    gl = runpy.run_path(str(Path(__file__).parents[1] / "src/crossgap/simulation/base/gl.py"))
    print(gl["PACKAGES"], gl["OSMESA_PACKAGE"], flush=True)
    checks = {"egl": egl_starts, "osmesa": osmesa_starts, "disable": lambda: False}
    return not checks.get(gl["choose_gl"](), lambda: True)()


if __name__ == "__main__":
    sys.exit(main())
