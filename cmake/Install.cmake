# SPDX-License-Identifier: GPL-2.0-or-later
# What `cmake --install` lays out beside the program; tests/install_test.py
# holds the list. Everything follows CMAKE_INSTALL_PREFIX and DESTDIR.

# Not CMAKE_INSTALL_LIBDIR: udev and systemd look below lib/, whatever the
# architecture. Both want the program's whole path.
foreach(file udev/70-nvgpuctl.rules
    packaging/systemd/nvgpuctl-recover.service
    packaging/systemd/nvgpuctl-apply.service
    packaging/systemd/nvgpuctl-apply@.service)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  cmake_path(GET file FILENAME name)
  file(READ ${file} content)
  string(REPLACE "/usr/bin/nvgpuctl" "${CMAKE_INSTALL_FULL_BINDIR}/nvgpuctl"
    content "${content}")
  file(WRITE ${PROJECT_BINARY_DIR}/configured/${name} "${content}")
endforeach()
set(configured ${PROJECT_BINARY_DIR}/configured)
install(FILES ${configured}/70-nvgpuctl.rules DESTINATION lib/udev/rules.d)
install(FILES ${configured}/nvgpuctl-recover.service
  ${configured}/nvgpuctl-apply.service ${configured}/nvgpuctl-apply@.service
  DESTINATION lib/systemd/system)
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
install(FILES packaging/man/nvgpuctl-policy.yaml.5
  DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)

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
