package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestAnsibleRole has Ansible read the example with its role, write a configuration by the role's template, and xvrrp check
// what was written, as the role does.
func TestAnsibleRole(t *testing.T) {
	root, err := exec.Command("./peers.sh", "ansible-core").Output()
	if err != nil {
		t.Fatalf("unpack Ansible: %v", err)
	}
	dir := t.TempDir()
	ansible := func(program string, args ...string) {
		t.Helper()
		bin := strings.TrimSpace(string(root)) + "/usr"
		c := exec.Command("./peers.sh", append([]string{"ansible-core", "python3", bin + "/bin/" + program}, args...)...)
		c.Env = append(os.Environ(), "PYTHONPATH="+bin+"/lib/python3/dist-packages", "ANSIBLE_HOME="+dir, "ANSIBLE_LOCAL_TEMP="+dir,
			"LC_ALL=C.UTF-8")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
		}
	}
	ansible("ansible-playbook", "--inventory", "../packaging/ansible/hosts.ini", "--syntax-check", "../packaging/ansible/site.yml")

	program, conf := filepath.Join(dir, "xvrrp"), filepath.Join(dir, "xvrrp.conf")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, "../cmd/xvrrp").CombinedOutput(); err != nil {
		t.Fatalf("build xvrrp: %v\n%s", err, out)
	}
	template, err := filepath.Abs("../packaging/ansible/roles/xvrrp/templates/xvrrp.conf.j2")
	if err != nil {
		t.Fatal(err)
	}
	ansible("ansible", "localhost", "--connection", "local", "--module-name", "ansible.builtin.template",
		"--args", "src="+template+" dest="+conf+" validate='"+program+" check %s'",
		"--extra-vars", `{"xvrrp_routers": [
			{"name": "VI_1", "interface": "ens160", "vrid": 56, "priority": 160, "addresses": ["172.160.180.168/24"]},
			{"name": "VI_6", "interface": "ens160", "vrid": 56, "priority": 100, "addresses": ["fe80::56/64", "2001:db8::56/64"],
			 "extra": ["nopreempt"]}]}`)
	written, err := os.ReadFile(conf)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(written), "vrrp_instance"); got != 2 {
		t.Errorf("%d routers were written, want 2:\n%s", got, written)
	}
}
