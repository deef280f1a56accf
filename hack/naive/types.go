package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

type PlaneSpec struct {
	Address   string `json:"address"`
	Port      int32  `json:"port"`
	Interval  string `json:"interval,omitempty"`
	Probe     string `json:"probe,omitempty"` // tcp | http
	Path      string `json:"path,omitempty"`
	Threshold int    `json:"threshold,omitempty"`
}
type PlaneStatus struct {
	Healthy        *bool        `json:"healthy,omitempty"`
	LastTransition *metav1.Time `json:"lastTransition,omitempty"`
	Message        string       `json:"message,omitempty"`
}
type NaivePlane struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              PlaneSpec   `json:"spec,omitempty"`
	Status            PlaneStatus `json:"status,omitempty"`
}
type NaivePlaneList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []NaivePlane `json:"items"`
}
type PolicySpec struct {
	Planes []string `json:"planes"`
	DNS    struct {
		Server string `json:"server"`
		Zone   string `json:"zone"`
		Name   string `json:"name"`
		TTL    uint32 `json:"ttl,omitempty"`
	} `json:"dns"`
	RedisKey string `json:"redisKey,omitempty"`
}
type PolicyStatus struct {
	Active       string       `json:"active,omitempty"`
	LastFailover *metav1.Time `json:"lastFailover,omitempty"`
	Failovers    int64        `json:"failovers,omitempty"`
}
type NaivePolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              PolicySpec   `json:"spec,omitempty"`
	Status            PolicyStatus `json:"status,omitempty"`
}
type NaivePolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []NaivePolicy `json:"items"`
}

func (p *NaivePlane) DeepCopyObject() runtime.Object { return p.copy() }
func (p *NaivePlane) copy() *NaivePlane {
	o := *p
	p.ObjectMeta.DeepCopyInto(&o.ObjectMeta)
	if p.Status.Healthy != nil {
		h := *p.Status.Healthy
		o.Status.Healthy = &h
	}
	o.Status.LastTransition = p.Status.LastTransition.DeepCopy()
	return &o
}
func (l *NaivePlaneList) DeepCopyObject() runtime.Object {
	o := *l
	l.ListMeta.DeepCopyInto(&o.ListMeta)
	o.Items = make([]NaivePlane, len(l.Items))
	for i := range l.Items {
		o.Items[i] = *l.Items[i].copy()
	}
	return &o
}
func (p *NaivePolicy) DeepCopyObject() runtime.Object { return p.copy() }
func (p *NaivePolicy) copy() *NaivePolicy {
	o := *p
	p.ObjectMeta.DeepCopyInto(&o.ObjectMeta)
	o.Spec.Planes = append([]string(nil), p.Spec.Planes...)
	o.Status.LastFailover = p.Status.LastFailover.DeepCopy()
	return &o
}
func (l *NaivePolicyList) DeepCopyObject() runtime.Object {
	o := *l
	l.ListMeta.DeepCopyInto(&o.ListMeta)
	o.Items = make([]NaivePolicy, len(l.Items))
	for i := range l.Items {
		o.Items[i] = *l.Items[i].copy()
	}
	return &o
}
