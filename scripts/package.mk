# Installation and packages: docs/installation.md. All of it uses .build/uringtop as `make release` left it.

PREFIX ?= /usr/local
# All dates in manual pages and packages: the same source gives the same files.
ifndef SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH := $(shell git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)
endif
export SOURCE_DATE_EPOCH
# As docs/security.md: who made the last commit.
ifndef MAINTAINER
MAINTAINER := $(shell git log -1 --format='%an <%ae>' 2>/dev/null)
endif
export MAINTAINER
STAGE = .build/stage
RELEASE = uringtop-$(shell .build/uringtop --version)-linux-$(shell uname -m)
DEB = .build/packages/uringtop_$(shell .build/uringtop --version)_$(shell dpkg --print-architecture).deb

.PHONY: setup-package man completions licenses stage check-stage install uninstall deb dist package-test

setup-package:
	scripts/install-packages package

.build/uringtop:
	@echo 'run make release first' >&2; exit 1

# One page for each command, .build/man.
man: .build/uringtop
	scripts/man-pages .build/uringtop .build/man $(PREFIX)/share/doc/uringtop

# Without the `#!` of the one for bash: completions are no programs.
completions: .build/uringtop
	mkdir -p .build/completions
	for shell in bash zsh fish; do \
	  .build/uringtop --generate-completion-script $$shell >.build/completions/uringtop.$$shell || exit 1; \
	done
	sed -i '1{/^#!/d}' .build/completions/uringtop.bash

# The licence texts of everything that is linked into .build/uringtop.
licenses: .build/uringtop
	scripts/licenses .build/static/link.map .build/licenses

# After `sudo make install`, the files in .build still belong to the user.
stage: man completions licenses
	scripts/stage $(PREFIX) $(STAGE)
	@[ -z "$$SUDO_UID" ] || chown -R "$$SUDO_UID:$$SUDO_GID" .build/man .build/completions .build/licenses $(STAGE)

# The names of all files, the manual pages and the licences.
check-stage: stage
	scripts/check-stage $(STAGE) $(PREFIX)

# make install PREFIX=/usr DESTDIR=/tmp/root
install: stage
	scripts/install-stage install $(STAGE) '$(DESTDIR)' $(PREFIX)

uninstall:
	scripts/install-stage uninstall '$(DESTDIR)' $(PREFIX)

# A Debian package, .build/packages/*.deb.
deb:
	ZSHDIR=/usr/share/zsh/vendor-completions $(MAKE) -s stage PREFIX=/usr STAGE=.build/stage-deb
	scripts/deb .build/stage-deb $(DEB)

# An archive of everything for other distributions, to be unpacked in /usr/local, with its checksum.
dist:
	$(MAKE) -s stage PREFIX=/usr/local STAGE=.build/stage-dist
	mkdir -p .build/packages
	tar -C .build/stage-dist/usr/local --sort=name --mtime=@$(SOURCE_DATE_EPOCH) --owner=0 --group=0 --numeric-owner \
	  --transform 's#^\.#$(RELEASE)#' -cJf .build/packages/$(RELEASE).tar.xz .
	cd .build/packages && sha256sum $(RELEASE).tar.xz >$(RELEASE).tar.xz.sha256

# Installs, uses and removes the packages in clean Debian systems. Needs root and the package archive; takes minutes.
package-test: setup-package deb dist
	scripts/install-packages package-test
	scripts/package-test
