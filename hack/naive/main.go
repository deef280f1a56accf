// The operator that a team would write for itself in a day, with controller-runtime: the peer of `make bench`.
//
// It watches the two kinds, probes the planes, and when the active one has failed often enough it sets the Redis key and
// replaces the DNS record, then writes the status and an Event. It records no intent, reads no policy again, reads
// nothing back and compares nothing before it writes: what is saved by that is what safety costs.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
	"github.com/redis/go-redis/v9"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	probes = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "naive_probes_total"}, []string{"result"})
	lat    = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "naive_probe_seconds", Buckets: prometheus.DefBuckets})
	httpc  = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, MaxIdleConns: 0}}
)

type prober struct {
	spec   PlaneSpec
	cancel context.CancelFunc
}
type pool struct {
	mu      sync.Mutex
	p       map[types.NamespacedName]*prober
	healthy sync.Map // NamespacedName -> bool
	ch      chan event.GenericEvent
}

func probe(ctx context.Context, s PlaneSpec, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	hp := net.JoinHostPort(s.Address, strconv.Itoa(int(s.Port)))
	if s.Probe == "http" {
		req, err := http.NewRequestWithContext(ctx, "GET", "http://"+hp+s.Path, nil)
		if err != nil {
			return err
		}
		r, err := httpc.Do(req)
		if err != nil {
			return err
		}
		r.Body.Close()
		if r.StatusCode >= 400 {
			return fmt.Errorf("status %d", r.StatusCode)
		}
		return nil
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", hp)
	if err != nil {
		return err
	}
	return c.Close()
}

func (pl *pool) ensure(root context.Context, n types.NamespacedName, s PlaneSpec) {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	if old := pl.p[n]; old != nil {
		if old.spec == s {
			return
		}
		old.cancel()
	}
	ctx, cancel := context.WithCancel(root)
	pl.p[n] = &prober{s, cancel}
	go pl.loop(ctx, n, s)
}
func (pl *pool) drop(n types.NamespacedName) {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	if old := pl.p[n]; old != nil {
		old.cancel()
		delete(pl.p, n)
		pl.healthy.Delete(n)
	}
}
func (pl *pool) loop(ctx context.Context, n types.NamespacedName, s PlaneSpec) {
	iv, err := time.ParseDuration(s.Interval)
	if err != nil || iv <= 0 {
		iv = 5 * time.Second
	}
	th := s.Threshold
	if th <= 0 {
		th = 3
	}
	timeout := min(iv, time.Second)
	// spread the first probe over the interval
	var h uint32
	for _, c := range n.Name {
		h = h*16777619 ^ uint32(c)
	}
	select {
	case <-ctx.Done():
		return
	case <-time.After(time.Duration(uint64(h)*uint64(iv)>>32) % iv):
	}
	t := time.NewTicker(iv)
	defer t.Stop()
	fails, state := 0, -1
	for {
		t0 := time.Now()
		err := probe(ctx, s, timeout)
		lat.Observe(time.Since(t0).Seconds())
		ns := state
		if err == nil {
			probes.WithLabelValues("ok").Inc()
			fails, ns = 0, 1
		} else if ctx.Err() == nil {
			probes.WithLabelValues("fail").Inc()
			if fails++; fails >= th {
				ns = 0
			}
		}
		if ns != state {
			state = ns
			pl.healthy.Store(n, ns == 1)
			pl.ch <- event.GenericEvent{Object: &NaivePlane{ObjectMeta: metav1.ObjectMeta{Namespace: n.Namespace, Name: n.Name}}}
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

type planeRec struct {
	client.Client
	pool *pool
	root context.Context
	out  chan event.GenericEvent
}

func (r *planeRec) Reconcile(ctx context.Context, q ctrl.Request) (ctrl.Result, error) {
	var p NaivePlane
	if err := r.Get(ctx, q.NamespacedName, &p); err != nil {
		r.pool.drop(q.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	r.pool.ensure(r.root, q.NamespacedName, p.Spec)
	v, ok := r.pool.healthy.Load(q.NamespacedName)
	if !ok {
		return ctrl.Result{}, nil
	}
	r.out <- event.GenericEvent{Object: &p}
	if h := v.(bool); p.Status.Healthy == nil || *p.Status.Healthy != h {
		old := p.copy()
		now := metav1.Now()
		p.Status.Healthy, p.Status.LastTransition = &h, &now
		return ctrl.Result{}, r.Status().Patch(ctx, &p, client.MergeFrom(old))
	}
	return ctrl.Result{}, nil
}

type policyRec struct {
	client.Client
	pool         *pool
	rdb          *redis.Client
	rec          events.EventRecorder
	tsigN, tsigS string
}

func (r *policyRec) setDNS(f *NaivePolicy, addr string) error {
	m := new(dns.Msg)
	m.SetUpdate(dns.Fqdn(f.Spec.DNS.Zone))
	ttl := f.Spec.DNS.TTL
	if ttl == 0 {
		ttl = 5
	}
	rr := &dns.A{Hdr: dns.RR_Header{Name: dns.Fqdn(f.Spec.DNS.Name), Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: ttl}, A: net.ParseIP(addr)}
	m.RemoveRRset([]dns.RR{rr})
	m.Insert([]dns.RR{rr})
	c := &dns.Client{Timeout: 2 * time.Second, TsigSecret: map[string]string{r.tsigN: r.tsigS}}
	m.SetTsig(r.tsigN, dns.HmacSHA256, 300, time.Now().Unix())
	a, _, err := c.Exchange(m, f.Spec.DNS.Server)
	if err == nil && a.Rcode != dns.RcodeSuccess {
		err = fmt.Errorf("dns update: %s", dns.RcodeToString[a.Rcode])
	}
	return err
}

func (r *policyRec) Reconcile(ctx context.Context, q ctrl.Request) (ctrl.Result, error) {
	var f NaivePolicy
	if err := r.Get(ctx, q.NamespacedName, &f); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	up := func(n string) bool {
		v, ok := r.pool.healthy.Load(types.NamespacedName{Namespace: q.Namespace, Name: n})
		return ok && v.(bool)
	}
	if f.Status.Active != "" {
		if v, ok := r.pool.healthy.Load(types.NamespacedName{Namespace: q.Namespace, Name: f.Status.Active}); !ok || v.(bool) {
			return ctrl.Result{}, nil // healthy or not known yet
		}
	}
	next := ""
	for _, n := range f.Spec.Planes {
		if n != f.Status.Active && up(n) {
			next = n
			break
		}
	}
	if next == "" {
		return ctrl.Result{}, nil
	}
	var p NaivePlane
	if err := r.Get(ctx, types.NamespacedName{Namespace: q.Namespace, Name: next}, &p); err != nil {
		return ctrl.Result{}, err
	}
	if f.Spec.RedisKey != "" && r.rdb != nil {
		if err := r.rdb.Set(ctx, f.Spec.RedisKey, next, 0).Err(); err != nil {
			return ctrl.Result{}, err
		}
	}
	if f.Spec.DNS.Server != "" {
		if err := r.setDNS(&f, p.Spec.Address); err != nil {
			return ctrl.Result{}, err
		}
	}
	old := f.copy()
	now := metav1.Now()
	prev := f.Status.Active
	f.Status.Active, f.Status.LastFailover = next, &now
	f.Status.Failovers++
	if err := r.Status().Patch(ctx, &f, client.MergeFrom(old)); err != nil {
		return ctrl.Result{}, err
	}
	r.rec.Eventf(&f, nil, corev1.EventTypeNormal, "Failover", "Switch", "switched %q -> %q", prev, next)
	return ctrl.Result{}, nil
}

func main() {
	var mAddr, hAddr, redisAddr, tsig string
	var le bool
	var qps int
	flag.IntVar(&qps, "qps", 1000, "requests a second to the API server, twice as many in a burst; 0: the library's default, 20")
	flag.StringVar(&mAddr, "metrics", "127.0.0.1:21080", "")
	flag.StringVar(&hAddr, "health", "127.0.0.1:21081", "")
	flag.StringVar(&redisAddr, "redis", "", "redis://host:port/db; none: no key is set")
	flag.StringVar(&tsig, "tsig", "", "name:base64")
	flag.BoolVar(&le, "leader-elect", true, "")
	flag.Parse()
	ctrl.SetLogger(zap.New())
	sch := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(sch))
	gv := schema.GroupVersion{Group: "naive.example.com", Version: "v1"}
	sch.AddKnownTypes(gv, &NaivePlane{}, &NaivePlaneList{}, &NaivePolicy{}, &NaivePolicyList{})
	metav1.AddToGroupVersion(sch, gv)
	metrics.Registry.MustRegister(probes, lat)
	cfg := ctrl.GetConfigOrDie()
	if qps > 0 { // 0: controller-runtime's own default
		cfg.QPS, cfg.Burst = float32(qps), 2*qps
	}
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{Scheme: sch, Metrics: metricsserver.Options{BindAddress: mAddr}, HealthProbeBindAddress: hAddr,
		LeaderElection: le, LeaderElectionID: "naive", LeaderElectionNamespace: "default", LeaderElectionReleaseOnCancel: true})
	utilruntime.Must(err)
	utilruntime.Must(mgr.AddHealthzCheck("ping", healthz.Ping))
	ctx := ctrl.SetupSignalHandler()
	utilruntime.Must(mgr.GetFieldIndexer().IndexField(ctx, &NaivePolicy{}, "planes", func(o client.Object) []string { return o.(*NaivePolicy).Spec.Planes }))
	pl := &pool{p: map[types.NamespacedName]*prober{}, ch: make(chan event.GenericEvent, 1024)}
	out := make(chan event.GenericEvent, 1024)
	var rdb *redis.Client
	if redisAddr != "" {
		redisOptions, err := redis.ParseURL(redisAddr)
		utilruntime.Must(err)
		rdb = redis.NewClient(redisOptions)
	}
	kn, ks, _ := strings.Cut(tsig, ":")
	gen := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	utilruntime.Must(ctrl.NewControllerManagedBy(mgr).For(&NaivePlane{}, gen).
		WatchesRawSource(source.Channel(pl.ch, &handler.EnqueueRequestForObject{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: 4}).
		Complete(&planeRec{mgr.GetClient(), pl, ctx, out}))
	toPolicies := handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) (rs []ctrl.Request) {
		var l NaivePolicyList
		if err := mgr.GetClient().List(ctx, &l, client.InNamespace(o.GetNamespace()), client.MatchingFields{"planes": o.GetName()}); err == nil {
			for i := range l.Items {
				rs = append(rs, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&l.Items[i])})
			}
		}
		return
	})
	utilruntime.Must(ctrl.NewControllerManagedBy(mgr).For(&NaivePolicy{}, gen).WatchesRawSource(source.Channel(out, toPolicies)).
		WithOptions(controller.Options{MaxConcurrentReconciles: 4}).
		Complete(&policyRec{mgr.GetClient(), pl, rdb, mgr.GetEventRecorder("naive"), dns.Fqdn(kn), ks}))
	utilruntime.Must(mgr.Start(ctx))
}
