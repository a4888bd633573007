// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/vfio_open.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <utility>

#include "base/fd.hpp"
#include "host/system_error.hpp"
#include "host/vfio_kernel_device.hpp"

namespace nvgpuctl {
namespace {

constexpr const char* kContainer = "/dev/vfio/vfio";
constexpr const char* kIommufd = "/dev/iommu";

// <linux/vfio.h> of Linux 6.6, newer than the headers that we build with.
struct BindIommufd {
  std::uint32_t argsz;
  std::uint32_t flags;
  std::int32_t iommufd;
  std::uint32_t out_devid;
};
constexpr unsigned long kBindIommufd = _IO(VFIO_TYPE, VFIO_BASE + 18);

tl::unexpected<Error> refused(const std::string& subject,
                              const std::string& what, int error) {
  if (error == EBUSY) {
    return fail(Errc::busy, subject,
                "somebody has it open: " + error_text(error),
                "stop the VM or the process that uses this GPU first");
  }
  const Errc code = classify(error);
  return fail(code, subject,
              what + (what.empty() ? "" : ": ") + error_text(error),
              code == Errc::permission ? "run as root"
              : code == Errc::io       ? "look at the kernel log"
                                       : "");
}

Result<Fd> open_node(const RootDir& root, const std::string& path) {
  Fd fd(::open((root.prefix() + path).c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid()) {
    return refused(path, "", errno);
  }
  return fd;
}

Result<> check_viable(const Fd& group, const std::string& path) {
  vfio_group_status status{};
  status.argsz = sizeof(status);
  if (::ioctl(group.get(), VFIO_GROUP_GET_STATUS, &status) != 0) {
    return refused(path, "VFIO_GROUP_GET_STATUS", errno);
  }
  if ((status.flags & VFIO_GROUP_FLAGS_VIABLE) == 0) {
    return fail(Errc::not_viable, path,
                "another device of the group is bound to a host driver",
                "give all of the group to VFIO; see nvgpuctl explain");
  }
  return {};
}

Result<> join_container(const Fd& container, const Fd& group,
                        const std::string& path) {
  int fd = container.get();
  if (::ioctl(group.get(), VFIO_GROUP_SET_CONTAINER, &fd) != 0) {
    return refused(path, "VFIO_GROUP_SET_CONTAINER", errno);
  }
  const bool newer =
      ::ioctl(fd, VFIO_CHECK_EXTENSION,
              static_cast<unsigned long>(VFIO_TYPE1v2_IOMMU)) == 1;
  const unsigned long type = newer ? VFIO_TYPE1v2_IOMMU : VFIO_TYPE1_IOMMU;
  if (::ioctl(fd, VFIO_SET_IOMMU, type) != 0) {
    return refused(path, "VFIO_SET_IOMMU", errno);
  }
  return {};
}

Result<std::unique_ptr<VfioDevice>> open_by_group(const RootDir& root,
                                                  const std::string& address,
                                                  const std::string& path) {
  auto container = open_node(root, kContainer);
  if (!container) {
    return forward_error(container);
  }
  auto group = open_node(root, path);
  if (!group) {
    return forward_error(group);
  }
  auto prepared = check_viable(*group, path);
  if (prepared) {
    prepared = join_container(*container, *group, path);
  }
  if (!prepared) {
    return forward_error(prepared);
  }
  Fd device(::ioctl(group->get(), VFIO_GROUP_GET_DEVICE_FD, address.c_str()));
  if (!device.valid()) {
    return refused(path, "VFIO_GROUP_GET_DEVICE_FD", errno);
  }
  return make_kernel_device(std::move(*container), std::move(*group),
                            std::move(device));
}

Result<std::unique_ptr<VfioDevice>> open_by_cdev(const RootDir& root,
                                                 const std::string& path) {
  auto iommufd = open_node(root, kIommufd);
  if (!iommufd) {
    return forward_error(iommufd);
  }
  auto device = open_node(root, path);
  if (!device) {
    return forward_error(device);
  }
  // Bound and attached to no address space: the device is open, and the IOMMU
  // lets none of its DMA through.
  BindIommufd bind{sizeof(BindIommufd), 0, iommufd->get(), 0};
  if (::ioctl(device->get(), kBindIommufd, &bind) != 0) {
    const int error = errno;
    // Linux, drivers/vfio/vfio_main.c: vfio_df_open() of a device that was
    // opened this way before.
    return refused(path,
                   error == EINVAL
                       ? "VFIO_DEVICE_BIND_IOMMUFD, perhaps because somebody "
                         "has it open"
                       : "VFIO_DEVICE_BIND_IOMMUFD",
                   error);
  }
  return make_kernel_device(std::move(*iommufd), Fd(), std::move(*device));
}

}  // namespace

std::vector<VfioPath> KernelVfio::paths(const PciFunction& function) {
  std::vector<VfioPath> found;
  if (function.vfio_dev && root_.exists(kIommufd)) {
    const std::string path = "/dev/vfio/devices/" + *function.vfio_dev;
    if (root_.exists(path)) {
      found.push_back({VfioInterface::cdev, path});
    }
  }
  if (function.iommu_group && root_.exists(kContainer)) {
    const std::string path = fmt::format("/dev/vfio/{}", *function.iommu_group);
    if (root_.exists(path)) {
      found.push_back({VfioInterface::group, path});
    }
  }
  return found;
}

Result<std::unique_ptr<VfioDevice>> KernelVfio::open(
    const PciFunction& function, const VfioPath& path) {
  return path.interface == VfioInterface::cdev
             ? open_by_cdev(root_, path.path)
             : open_by_group(root_, to_string(function.address), path.path);
}

}  // namespace nvgpuctl
