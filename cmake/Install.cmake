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
# What messages and README.md refer to.
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})

# sos finds plugins only beside its own. Distributions that call the folder after
# Python's version say so here.
set(NVGPUCTL_SOS_DIR lib/python3/dist-packages/sos/report/plugins CACHE STRING
  "Folder for the plugin of sos, whole or below the prefix")
install(FILES packaging/sos/nvgpuctl.py DESTINATION ${NVGPUCTL_SOS_DIR})

# libvirt looks in /etc, whatever the prefix of the rest.
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(hook_folder /etc/libvirt/hooks/qemu.d)
else()
  set(hook_folder etc/libvirt/hooks/qemu.d)
endif()
install(PROGRAMS hooks/qemu.d/50-nvgpuctl DESTINATION ${hook_folder})

# nvgpuctl(1) has it all; nvgpuctl-VERB(1) are parts of it.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  packaging/man/nvgpuctl.1 cmake/split_man.py)
file(REMOVE_RECURSE ${CMAKE_BINARY_DIR}/man1)
execute_process(COMMAND ${PYTHON3} ${CMAKE_CURRENT_SOURCE_DIR}/cmake/split_man.py
  ${CMAKE_CURRENT_SOURCE_DIR}/packaging/man/nvgpuctl.1 ${CMAKE_BINARY_DIR}/man1
  COMMAND_ERROR_IS_FATAL ANY)
install(DIRECTORY ${CMAKE_BINARY_DIR}/man1/
  DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
foreach(number 1 4 5 7)
  file(GLOB pages CONFIGURE_DEPENDS packaging/man/*.${number})
  install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${number})
endforeach()
# Packages run these; they are of use to whoever installs by hand, too.
install(PROGRAMS packaging/scripts/tell-host packaging/scripts/give-back
  DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/nvgpuctl)
# The driver's source, where DKMS looks for it if the prefix is /usr.
if(NVGPUCTL_DKMS)
  install(DIRECTORY kmod/ DESTINATION src/nvgpuctl-${PROJECT_VERSION}
    FILES_MATCHING PATTERN "*.[ch]" PATTERN Kbuild PATTERN Makefile)
  install(PROGRAMS kmod/probes/run.sh
    DESTINATION src/nvgpuctl-${PROJECT_VERSION}/probes)
  foreach(file kmod/dkms.conf packaging/scripts/dkms-modules)
    configure_file(${file}.in ${CMAKE_BINARY_DIR}/${file} @ONLY
      USE_SOURCE_PERMISSIONS)
  endforeach()
  install(FILES ${CMAKE_BINARY_DIR}/kmod/dkms.conf
    DESTINATION src/nvgpuctl-${PROJECT_VERSION})
  install(PROGRAMS ${CMAKE_BINARY_DIR}/packaging/scripts/dkms-modules
    DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/nvgpuctl-dkms RENAME modules)
endif()

# Completions are written by the program itself, so only where it can run.
if(NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR)
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
