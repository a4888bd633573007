# SPDX-License-Identifier: GPL-2.0-or-later
#
# For `sos report`, where this is called /usr/lib/python3/dist-packages/sos/report/
# plugins/nvgpuctl.py or the like. Everything here reads; `validate` is left out,
# because it opens the VFIO device of a bound GPU, which resets the GPU.

from sos.report.plugins import Plugin, IndependentPlugin


class Nvgpuctl(Plugin, IndependentPlugin):

    short_desc = 'NVIDIA Grace GPUs and their way into virtual machines'
    plugin_name = 'nvgpuctl'
    profiles = ('hardware', 'virt')
    packages = ('nvgpuctl',)
    commands = ('nvgpuctl',)

    def setup(self):
        self.add_copy_spec([
            '/etc/nvgpuctl/',
            '/etc/libvirt/hooks/qemu.d/50-nvgpuctl',
            '/var/lib/nvgpuctl/',
        ])
        self.add_cmd_output([
            'nvgpuctl version',
            'nvgpuctl list -o wide',
            'nvgpuctl list -o json',
            'nvgpuctl explain',
            'nvgpuctl doctor',
            'nvgpuctl topology',
            'nvgpuctl diff',
        ])
        # Every verb works on it elsewhere, with --root. Names of the host and
        # the like have aliases in it already. What is said beside it would
        # spoil it.
        self.add_cmd_output('nvgpuctl report -',
                            suggest_filename='nvgpuctl-report.tar.gz',
                            binary=True, stderr=False)
        self.add_journal(units='nvgpuctl-apply')
        self.add_journal(units='nvgpuctl-recover')
