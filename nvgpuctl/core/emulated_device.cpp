// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/emulated_device.hpp"

#include "core/xml_reader.hpp"

namespace nvgpuctl {

bool is_emulated(XmlElement device) {
  const std::string type = text_attribute(device, "type");
  if (has_name(device, "hostdev")) {
    return type == "scsi_host";  // vhost-scsi-pci
  }
  if (has_name(device, "interface")) {
    // A network of virtual functions is named like any other. libvirt writes a
    // model for the cards that it has QEMU emulate.
    return type != "hostdev" &&
           (type != "network" || first_element(device, "model"));
  }
  return !has_name(device, "controller") || type != "pci";
}

}  // namespace nvgpuctl
