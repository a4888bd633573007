/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver's config_space.c, memory_rw.c and poison.c, compiled for user
 * space around a made-up GPU: 256 bytes of configuration space, each with its
 * offset as value, and two regions of a few KiB.
 */
#ifndef TESTS_KMOD_DRIVER_C_H
#define TESTS_KMOD_DRIVER_C_H

#ifdef __cplusplus
extern "C" {
#endif

enum {
  reserved_bar = 2,
  usable_bar = 4,
  reserved_size = 3000, /* of a BAR of 4096 */
  usable_size = 5000,   /* of a BAR of 8192 */
  driver_power_register = 0x64,
};

/* Puts everything back to how it is after an open. */
void driver_reset(void);
/* Memory of the region at @bar. */
unsigned char* driver_memory(unsigned bar);
/* The byte that vfio-pci-core was last given for @offset. */
unsigned char driver_core_byte(unsigned long offset);
/* What vfio-pci-core has for @offset. */
void driver_set_core_byte(unsigned long offset, unsigned char byte);
/* Other memory for the region at @bar, until driver_reset(). */
void driver_use_memory(unsigned bar, unsigned char* memory, unsigned long size,
                       unsigned long bar_size);
/* What an open and VFIO_DEVICE_RESET do to the BAR registers. */
void driver_reset_bars(void);
/* The user's buffers end there; NULL is nowhere. */
void driver_end_user(const void* end);
/* After so many more accesses to memory, all fail with this; 0 is not at all.
 */
void driver_fail_accesses(unsigned after, int error);
/* So many of the next copies stop after one byte. */
void driver_interrupt_copies(unsigned count);

/* As VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY leaves it. */
void driver_engage_low_power(void);
/* Whether the memory counts as ready: after driver_reset(), and when it was
 * accessed, until the driver forgets it.
 */
int driver_ready(void);

/* Locks, power references, accesses and registrations that are still held. */
int driver_held(void);

/* Physical addresses for the region at @bar, until driver_reset(). */
void driver_place_memory(unsigned bar, unsigned long base, unsigned long size);
/* As at an open; after so many registrations the kernel refuses with @error. */
int driver_register_poison(unsigned allowed, int error);
int driver_poison_registered(void);
void driver_unregister_poison(void);
/* Which page of the file a mapping of the region shows @pfn at; or an error. */
long driver_poisoned_page(unsigned bar, unsigned long vma_pgoff,
                          unsigned long vma_pages_count, unsigned long pfn);

/* As the system calls of the same name; negative are errors. */
long driver_config_read(void* buf, unsigned long count, long long* ppos);
long driver_config_write(const void* buf, unsigned long count, long long* ppos);
long driver_memory_read(unsigned bar, void* buf, unsigned long count,
                        long long* ppos);
long driver_memory_write(unsigned bar, const void* buf, unsigned long count,
                         long long* ppos);

#ifdef __cplusplus
}
#endif

#endif
