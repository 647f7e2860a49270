// SPDX-License-Identifier: MIT
// program - a C++ program as a user of the library would write it.
#include <minc/minc.h>

#include <cstdio>
#include <memory>

struct Forget {
	void operator()(minc_ctx *c) const { minc_ctx_free(c); }
	void operator()(minc_container *c) const { minc_container_free(c); }
};

int main()
{
	const char *const argv[] = { "sh", "-c", "exit 8", nullptr };
	std::unique_ptr<minc_ctx, Forget> c(minc_ctx_new());
	minc_container *raw = nullptr;
	int status = -1;

	if (!c)
		return 1;
	minc_set_flag(c.get(), MINC_INIT, 1);
	minc_set_root(c.get(), "/", MINC_ROOT_RDONLY);
	if (minc_start(c.get(), argv, &raw) < 0) {
		std::fprintf(stderr, "%s\n", minc_error_message(c.get()));
		return 2;
	}
	std::unique_ptr<minc_container, Forget> container(raw);
	minc_wait(container.get(), -1, &status);
	std::printf("libminc %s: status %d\n", minc_version(), status);
	return status == 8 ? 0 : 3;
}
