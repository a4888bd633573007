# SPDX-License-Identifier: GPL-2.0-or-later
# What `cmake --install` lays out beside the program; tests/install_test.py
# holds the list. Everything follows CMAKE_INSTALL_PREFIX and DESTDIR.

# Not CMAKE_INSTALL_LIBDIR: udev looks below lib/, whatever the architecture.
install(FILES udev/70-nvgpuctl.rules DESTINATION lib/udev/rules.d)
# For reading only: the program has the table compiled in.
install(FILES nvgpuctl/core/devices.yaml
  DESTINATION ${CMAKE_INSTALL_DATADIR}/nvgpuctl)
install(DIRECTORY schemas DESTINATION ${CMAKE_INSTALL_DATADIR}/nvgpuctl
  FILES_MATCHING PATTERN "*.schema.json")
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/reasons DESTINATION ${CMAKE_INSTALL_DOCDIR})

# libvirt looks in /etc, whatever the prefix of the rest.
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(hook_folder /etc/libvirt/hooks/qemu.d)
else()
  set(hook_folder etc/libvirt/hooks/qemu.d)
endif()
install(PROGRAMS hooks/qemu.d/50-nvgpuctl DESTINATION ${hook_folder})

install(FILES packaging/man/nvgpuctl.1
  DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

# Completions are written by the program itself, so only where it can run.
if(NOT CMAKE_CROSSCOMPILING)
  set(completions ${CMAKE_BINARY_DIR}/completions)
  file(MAKE_DIRECTORY ${completions})
  foreach(shell bash zsh fish)
    add_custom_command(OUTPUT ${completions}/${shell}
      COMMAND nvgpuctl completion ${shell} > ${completions}/${shell}
      DEPENDS nvgpuctl)
    list(APPEND completion_files ${completions}/${shell})
  endforeach()
  add_custom_target(completions ALL DEPENDS ${completion_files})
  install(FILES ${completions}/bash RENAME nvgpuctl
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${completions}/zsh RENAME _nvgpuctl
    DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
  install(FILES ${completions}/fish RENAME nvgpuctl.fish
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()
