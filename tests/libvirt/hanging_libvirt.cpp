// SPDX-License-Identifier: GPL-2.0-or-later
//
// A libvirt 12.8.0 whose daemon accepts connections and never answers.

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <unistd.h>

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
int virGetVersion(unsigned long* version, const char* /*type*/,
                  unsigned long* /*type_version*/) {
  *version = 12'008'000;
  return 0;
}

virConnectPtr virConnectOpenReadOnly(const char* /*name*/) {
  for (;;) {
    ::pause();
  }
}

virConnectPtr virConnectOpen(const char* name) {
  return virConnectOpenReadOnly(name);
}

virDomainPtr virDomainLookupByName(virConnectPtr /*connection*/,
                                   const char* /*name*/) {
  return nullptr;
}

virDomainPtr virDomainLookupByUUIDString(virConnectPtr /*connection*/,
                                         const char* /*uuid*/) {
  return nullptr;
}

char* virDomainGetXMLDesc(virDomainPtr /*domain*/, unsigned /*flags*/) {
  return nullptr;
}

virDomainPtr virDomainDefineXMLFlags(virConnectPtr /*connection*/,
                                     const char* /*xml*/, unsigned /*flags*/) {
  return nullptr;
}

int virDomainIsPersistent(virDomainPtr /*domain*/) {
  return -1;
}

int virDomainHasManagedSaveImage(virDomainPtr /*domain*/, unsigned /*flags*/) {
  return -1;
}

int virConnectListAllDomains(virConnectPtr /*connection*/,
                             virDomainPtr** /*domains*/, unsigned /*flags*/) {
  return -1;
}

const char* virDomainGetName(virDomainPtr /*domain*/) {
  return nullptr;
}

virErrorPtr virGetLastError(void) {
  return nullptr;
}

const char* virConnectGetType(virConnectPtr /*connection*/) {
  return nullptr;
}

int virConnectGetLibVersion(virConnectPtr /*connection*/,
                            unsigned long* /*version*/) {
  return -1;
}

int virConnectGetVersion(virConnectPtr /*connection*/,
                         unsigned long* /*version*/) {
  return -1;
}

const char* virGetLastErrorMessage(void) {
  return "";
}
