/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Just enough of a kernel for three of the driver's files; see driver_c.h. */
#include "driver_c.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "kmod/region_layout.h"

/* Names, macros and their ways are the kernel's. NOLINTBEGIN */
typedef __u8 u8;
typedef __u32 u32;
typedef __u64 u64;
#define __user
#define BIT_ULL(n) (1ULL << (n))
#define SZ_4K 4096
#define SZ_64K 65536
#define PCI_BASE_ADDRESS_0 0x10
#define PCI_BASE_ADDRESS_MEM_TYPE_64 0x04
#define PCI_BASE_ADDRESS_MEM_PREFETCH 0x08
#define VFIO_PCI_OFFSET_SHIFT 40
#define VFIO_PCI_OFFSET_MASK (BIT_ULL(VFIO_PCI_OFFSET_SHIFT) - 1)
#define sizeof_field(type, member) sizeof(((type*)0)->member)
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max_t(type, a, b) ((type)(a) > (type)(b) ? (type)(a) : (type)(b))
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
/* Tests run on little-endian machines, as the driver does. */
#define le64_to_cpu(value) ((u64)(value))
#define cpu_to_le64(value) ((__le64)(value))
#define READ_ONCE(value) (value)
#define PAGE_SHIFT 12
#define PHYS_PFN(address) ((address) >> PAGE_SHIFT)
#define pci_err(device, ...) ((void)(device))
#define NVGPU_HAVE_PFN_ADDRESS_SPACE
#define NVGPU_MAP_BY_FAULT

struct mutex {
  int held;
};
struct device {
  int power_references;
};
enum { PCI_D0, PCI_D3hot = 3 };
struct pci_dev {
  struct device dev;
  int current_state;
};
struct address_space {
  int unused;
};
struct inode {
  struct address_space* i_mapping;
};
struct vfio_device {
  struct inode* inode;
};
typedef unsigned long pgoff_t;
struct vm_area_struct {
  pgoff_t vm_pgoff;
  unsigned long pages;
  void* vm_private_data;
};
struct pfn_address_space {
  struct {
    unsigned long start, last;
  } node;
  struct address_space* mapping;
  int (*pfn_to_vma_pgoff)(struct vm_area_struct* vma, unsigned long pfn,
                          pgoff_t* pgoff);
};
struct vfio_pci_core_device {
  struct vfio_device vdev;
  struct pci_dev* pdev;
  bool pm_runtime_engaged;
};

struct nvgpu_device;
struct nvgpu_region {
  struct nvgpu_device* gpu;
  struct nvgpu_part part;
  bool write_combined;
  __le64 bar_register;
  void* mapping;
  struct pfn_address_space poison;
  bool poison_registered;
};
struct nvgpu_device {
  struct vfio_pci_core_device core;
  unsigned int num_regions;
  struct nvgpu_region regions[2];
  struct mutex bar_lock;
  struct mutex map_lock;
};

static struct pci_dev pdev;
static struct nvgpu_device gpu;
static u8 core_config[256];
static u8 usual_memories[2][8192];
static u8* memories[2] = {usual_memories[0], usual_memories[1]};
static const char* user_end;
static int access_error;
static unsigned accesses_left;
static int accesses_begun;
static bool ready;
static struct address_space mapping_of_file;
static struct inode inode = {&mapping_of_file};
static unsigned registrations_left;
static int registration_error;
static int registered;
static unsigned interruptions;
static void* current;

static void mutex_lock(struct mutex* mutex) {
  if (mutex->held++) {
    abort();
  }
}
static void mutex_unlock(struct mutex* mutex) {
  mutex->held--;
}
/* How many of @count bytes at @buf the user does not have. */
static size_t absent(const void* buf, size_t count) {
  const char* start = buf;
  if (!user_end || start + count <= user_end) {
    return 0;
  }
  return start < user_end ? (size_t)(start + count - user_end) : count;
}
static size_t copy_to_user(void* to, const void* from, size_t count) {
  size_t left = absent(to, count);
  memcpy(to, from, count - left);
  return left;
}
static size_t copy_from_user(void* to, const void* from, size_t count) {
  memcpy(to, from, count);
  return 0;
}

static ssize_t core_range(size_t count, const loff_t* ppos) {
  u64 pos = (u64)*ppos & VFIO_PCI_OFFSET_MASK;
  return pos + count > sizeof(core_config) ? -EFAULT : (ssize_t)pos;
}
static ssize_t vfio_pci_core_read(struct vfio_device* vdev, char* buf,
                                  size_t count, loff_t* ppos) {
  ssize_t pos = core_range(count, ppos);
  (void)vdev;
  if (pos < 0) {
    return pos;
  }
  memcpy(buf, core_config + pos, count);
  *ppos += (loff_t)count;
  return (ssize_t)count;
}
static ssize_t vfio_pci_core_write(struct vfio_device* vdev, const char* buf,
                                   size_t count, loff_t* ppos) {
  ssize_t pos = core_range(count, ppos);
  (void)vdev;
  if (pos < 0) {
    return pos;
  }
  memcpy(core_config + pos, buf, count);
  if (pos <= driver_power_register && pos + count > driver_power_register) {
    pdev.current_state = core_config[driver_power_register] & 3;
  }
  *ppos += (loff_t)count;
  return (ssize_t)count;
}

enum { MEMREMAP_WB, MEMREMAP_WC };
static void* memremap(u64 base, u64 size, int how) {
  (void)size;
  (void)how;
  return memories[base];
}
static void memunmap(void* mapping) {
  (void)mapping;
}
static int pm_runtime_resume_and_get(struct device* dev) {
  dev->power_references++;
  return 0;
}
static void pm_runtime_put(struct device* dev) {
  dev->power_references--;
}
static bool fatal_signal_pending(void* task) {
  return task != NULL;
}
static void cond_resched(void) {}
static void pagefault_disable(void) {}
static void pagefault_enable(void) {}
static bool access_ok(const void* buf, size_t count) {
  (void)count;
  return buf != NULL;
}
static size_t fault_in_safe_writeable(char* buf, size_t count) {
  return absent(buf, count);
}
static size_t fault_in_readable(const char* buf, size_t count) {
  return absent(buf, count);
}
static size_t copy_inatomic(void* to, const void* from, size_t count,
                            size_t missing) {
  size_t now = count - missing;
  if (interruptions) {
    interruptions--;
    now = now ? 1 : 0;
  }
  memcpy(to, from, now);
  return count - now;
}
static size_t __copy_to_user_inatomic(void* to, const void* from,
                                      size_t count) {
  return copy_inatomic(to, from, count, absent(to, count));
}
static size_t __copy_from_user_inatomic(void* to, const void* from,
                                        size_t count) {
  return copy_inatomic(to, from, count, absent(from, count));
}
enum nvgpu_power { NVGPU_POWER_NOT_HELD, NVGPU_POWER_HELD };
static int nvgpu_begin_access(struct nvgpu_device* device,
                              enum nvgpu_power power) {
  if (power != NVGPU_POWER_HELD || !device->core.pdev->dev.power_references) {
    abort();
  }
  if (!accesses_left && access_error) {
    return access_error;
  }
  if (accesses_left) {
    accesses_left--;
  }
  accesses_begun++;
  return 0;
}
static void nvgpu_end_access(struct nvgpu_device* device) {
  (void)device;
  accesses_begun--;
  ready = true;
}
static bool nvgpu_is_ready(struct nvgpu_device* device) {
  (void)device;
  return ready;
}
static void nvgpu_forget_ready(struct nvgpu_device* device) {
  /* Of what may sleep as soon as nobody holds it: before, or it is too late. */
  if (device->core.pm_runtime_engaged && !pdev.dev.power_references) {
    abort();
  }
  ready = false;
}

static unsigned long vma_pages(const struct vm_area_struct* vma) {
  return vma->pages;
}
static struct nvgpu_region* nvgpu_region_of(struct vm_area_struct* vma) {
  return vma->vm_private_data;
}
static int register_pfn_address_space(struct pfn_address_space* space) {
  if (!registrations_left) {
    return registration_error;
  }
  registrations_left--;
  registered++;
  return space->mapping == &mapping_of_file ? 0 : -EINVAL;
}
static void unregister_pfn_address_space(struct pfn_address_space* space) {
  (void)space;
  registered--;
}
void nvgpu_unregister_poison(struct nvgpu_device* device);

/* Made by CMake: the driver's files without their includes. */
#include "config_space_without_includes.c"
#include "memory_rw_without_includes.c"
#include "poison_without_includes.c"

static void add_region(unsigned index, unsigned bar, u64 size, u64 bar_size) {
  struct nvgpu_region* region = &gpu.regions[index];
  region->gpu = &gpu;
  region->part.base = index;
  region->part.bar = bar;
  region->part.size = size;
  region->part.bar_size = bar_size;
}

void driver_reset(void) {
  nvgpu_unmap_regions(&gpu);
  gpu.core.pdev = &pdev;
  gpu.core.pm_runtime_engaged = false;
  pdev.current_state = PCI_D0;
  ready = true;
  gpu.num_regions = 2;
  add_region(0, usable_bar, usable_size, 8192);
  add_region(1, reserved_bar, reserved_size, 4096);
  nvgpu_reset_bar_registers(&gpu);
  for (size_t i = 0; i < sizeof(core_config); i++) {
    core_config[i] = (u8)i;
  }
  memset(usual_memories, 0x11, sizeof(usual_memories));
  memories[0] = usual_memories[0];
  memories[1] = usual_memories[1];
  driver_end_user(NULL);
  driver_fail_accesses(0, 0);
  interruptions = 0;
}

unsigned char* driver_memory(unsigned bar) {
  return memories[bar == usable_bar ? 0 : 1];
}
unsigned char driver_core_byte(size_t offset) {
  return core_config[offset];
}
void driver_use_memory(unsigned bar, unsigned char* memory, unsigned long size,
                       unsigned long bar_size) {
  unsigned index = bar == usable_bar ? 0 : 1;
  nvgpu_unmap_regions(&gpu);
  memories[index] = memory;
  add_region(index, bar, size, bar_size);
}
void driver_reset_bars(void) {
  nvgpu_reset_bar_registers(&gpu);
}
void driver_set_core_byte(size_t offset, unsigned char byte) {
  core_config[offset] = byte;
}
void driver_end_user(const void* end) {
  user_end = end;
}
void driver_fail_accesses(unsigned after, int error) {
  accesses_left = after;
  access_error = error;
}
void driver_interrupt_copies(unsigned count) {
  interruptions = count;
}

void driver_engage_low_power(void) {
  gpu.core.pm_runtime_engaged = true;
}
int driver_ready(void) {
  return ready;
}

int driver_held(void) {
  return gpu.bar_lock.held + gpu.map_lock.held + pdev.dev.power_references +
         accesses_begun + registered;
}

int driver_register_poison(unsigned allowed, int error) {
  gpu.core.vdev.inode = &inode;
  registrations_left = allowed;
  registration_error = error;
  return nvgpu_register_poison(&gpu);
}
int driver_poison_registered(void) {
  return registered;
}
void driver_unregister_poison(void) {
  nvgpu_unregister_poison(&gpu);
}
long driver_poisoned_page(unsigned bar, unsigned long vma_pgoff,
                          unsigned long vma_pages_count, unsigned long pfn) {
  struct nvgpu_region* region = &gpu.regions[bar == usable_bar ? 0 : 1];
  struct vm_area_struct vma = {vma_pgoff, vma_pages_count, region};
  pgoff_t pgoff = 0;
  int ret = region->poison.pfn_to_vma_pgoff(&vma, pfn, &pgoff);
  return ret ? ret : (long)pgoff;
}
void driver_place_memory(unsigned bar, unsigned long base, unsigned long size) {
  struct nvgpu_region* region = &gpu.regions[bar == usable_bar ? 0 : 1];
  region->part.base = base;
  region->part.size = size;
}

long driver_config_read(void* buf, size_t count, long long* ppos) {
  loff_t pos = *ppos;
  long ret = nvgpu_config_read(&gpu, buf, count, &pos);
  *ppos = pos;
  return ret;
}
long driver_config_write(const void* buf, size_t count, long long* ppos) {
  loff_t pos = *ppos;
  long ret = nvgpu_config_write(&gpu, buf, count, &pos);
  *ppos = pos;
  return ret;
}
long driver_memory_read(unsigned bar, void* buf, size_t count,
                        long long* ppos) {
  loff_t pos = *ppos;
  long ret = nvgpu_memory_read(&gpu.regions[bar == usable_bar ? 0 : 1], buf,
                               count, &pos);
  *ppos = pos;
  return ret;
}
long driver_memory_write(unsigned bar, const void* buf, size_t count,
                         long long* ppos) {
  loff_t pos = *ppos;
  long ret = nvgpu_memory_write(&gpu.regions[bar == usable_bar ? 0 : 1], buf,
                                count, &pos);
  *ppos = pos;
  return ret;
}
/* NOLINTEND */
