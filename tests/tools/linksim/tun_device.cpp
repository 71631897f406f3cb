// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/tools/linksim/tun_device.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace beside::linksim {
namespace {

tl::unexpected<Error> failed(const std::string& what) {
  return fail(ErrorKind::Environment, "linksim", what + ": " + std::strerror(errno));
}

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

Result<int> open_tun(const std::string& netns, const std::string& device) {
  if (device.empty() || device.size() >= IFNAMSIZ) return fail(ErrorKind::Environment, "linksim", "a device name of 1 to 15 characters");
  const Descriptor home{::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)};
  if (home.fd < 0) return failed("own namespace");
  const Descriptor there{::open(("/run/netns/" + netns).c_str(), O_RDONLY | O_CLOEXEC)};
  if (there.fd < 0) return failed("namespace " + netns);
  if (::setns(there.fd, CLONE_NEWNET) != 0) return failed("setns");
  int tun = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  int why = errno;
  if (tun >= 0) {
    ifreq request{};
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    std::memcpy(request.ifr_name, device.data(), device.size());
    if (::ioctl(tun, TUNSETIFF, &request) != 0) {
      why = errno;
      ::close(tun);
      tun = -1;
    }
  }
  if (::setns(home.fd, CLONE_NEWNET) != 0) {
    if (tun >= 0) ::close(tun);
    return failed("setns back");
  }
  errno = why;
  if (tun < 0) return failed("/dev/net/tun");
  return tun;
}

}  // namespace beside::linksim
